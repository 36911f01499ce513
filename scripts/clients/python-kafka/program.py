"""kafka-python as Debian has it. Eager rebalancing only."""

from kafka import ConsumerRebalanceListener, KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka_python import IS_AUTO, IS_MANUAL, TOPIC
from kafka_python import begin, consumer_settings, producer_settings, say_partitions, say_polled
from protocol import numbered_lines, say, stopping, verb


def produce():
    producer = KafkaProducer(**producer_settings(), batch_size=100_000)
    futures = [producer.send(TOPIC, value=line, partition=partition) for partition, line in numbered_lines()]
    producer.flush()
    for future in futures:
        future.get(timeout=30)
    producer.close()
    say("done", count=len(futures))


class Listener(ConsumerRebalanceListener):
    def on_partitions_revoked(self, revoked):
        say_partitions("revoked", revoked)

    def on_partitions_assigned(self, assigned):
        say_partitions("assigned", assigned)


def consume():
    consumer = KafkaConsumer(**consumer_settings(), max_poll_interval_ms=10_000)
    begin(consumer, TopicPartition, Listener())
    while not stopping():
        polled = consumer.poll(timeout_ms=200)
        say_polled(polled)
        if IS_MANUAL and polled:
            consumer.commit({at: OffsetAndMetadata(records[-1].offset + 1, "") for at, records in polled.items()})
    consumer.close(autocommit=IS_AUTO)
    say("left")


{"produce": produce, "consume": consume}[verb]()
