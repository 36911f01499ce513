"""aiokafka: asyncio, in Python alone. Eager rebalancing only."""

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from kafka_python import IS_MANUAL, TOPIC, begin, consumer_settings, producer_settings, say_partitions, say_polled
from protocol import numbered_lines, say, stopping, verb


async def produce():
    producer = AIOKafkaProducer(**producer_settings(), max_batch_size=100_000)
    await producer.start()
    futures = [await producer.send(TOPIC, value=line, partition=partition) for partition, line in numbered_lines()]
    await asyncio.gather(*futures)
    await producer.stop()
    say("done", count=len(futures))


class Listener(ConsumerRebalanceListener):
    async def on_partitions_revoked(self, revoked):
        say_partitions("revoked", revoked)

    async def on_partitions_assigned(self, assigned):
        say_partitions("assigned", assigned)


async def consume():
    consumer = AIOKafkaConsumer(**consumer_settings(), rebalance_timeout_ms=10_000)
    await consumer.start()
    begin(consumer, TopicPartition, Listener())
    while not stopping():
        polled = await consumer.getmany(timeout_ms=200, max_records=500)
        say_polled(polled)
        if IS_MANUAL and polled:
            await consumer.commit({at: records[-1].offset + 1 for at, records in polled.items()})
    await consumer.stop()
    say("left")


asyncio.run({"produce": produce, "consume": consume}[verb]())
