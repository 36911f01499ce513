"""aiokafka: asyncio, in Python alone. Eager rebalancing only."""

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from protocol import numbered_lines, parameters, say, say_records, stopping, verb

TOPIC = parameters["topic"]


async def produce():
    codec = parameters["codec"]
    producer = AIOKafkaProducer(
        bootstrap_servers=parameters["bootstrap"],
        acks="all",
        compression_type=None if codec == "none" else codec,
        linger_ms=20,
        max_batch_size=100_000,
    )
    await producer.start()
    futures = [await producer.send(TOPIC, value=line, partition=partition) for partition, line in numbered_lines()]
    await asyncio.gather(*futures)
    await producer.stop()
    say("done", count=len(futures))


class Listener(ConsumerRebalanceListener):
    async def on_partitions_revoked(self, revoked):
        say("revoked", partitions=[each.partition for each in revoked])

    async def on_partitions_assigned(self, assigned):
        say("assigned", partitions=[each.partition for each in assigned])


async def consume():
    is_manual = parameters["commit"] == "manual"
    consumer = AIOKafkaConsumer(
        bootstrap_servers=parameters["bootstrap"],
        group_id=parameters["group"],
        auto_offset_reset="earliest",
        enable_auto_commit=parameters["group"] is not None and not is_manual,
        auto_commit_interval_ms=500,
        session_timeout_ms=parameters["sessionMs"],
        heartbeat_interval_ms=500,
        rebalance_timeout_ms=10_000,
    )
    await consumer.start()
    if parameters["group"] is None:
        everything = [TopicPartition(TOPIC, partition) for partition in range(parameters["partitions"])]
        consumer.assign(everything)
        say("assigned", partitions=[each.partition for each in everything])
    else:
        consumer.subscribe([TOPIC], listener=Listener())
    while not stopping():
        polled = await consumer.getmany(timeout_ms=200, max_records=500)
        say_records((at.partition, each.offset, each.value) for at, records in polled.items() for each in records)
        if is_manual and polled:
            await consumer.commit({at: records[-1].offset + 1 for at, records in polled.items()})
    await consumer.stop()
    say("left")


asyncio.run({"produce": produce, "consume": consume}[verb]())
