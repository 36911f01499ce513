"""kafka-python as Debian has it. Eager rebalancing only."""

from kafka import ConsumerRebalanceListener, KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from protocol import numbered_lines, parameters, say, say_records, stopping, verb

TOPIC = parameters["topic"]


def produce():
    codec = parameters["codec"]
    producer = KafkaProducer(
        bootstrap_servers=parameters["bootstrap"],
        acks="all",
        compression_type=None if codec == "none" else codec,
        linger_ms=20,
        batch_size=100_000,
    )
    futures = [producer.send(TOPIC, value=line, partition=partition) for partition, line in numbered_lines()]
    producer.flush()
    for future in futures:
        future.get(timeout=30)
    producer.close()
    say("done", count=len(futures))


class Listener(ConsumerRebalanceListener):
    def on_partitions_revoked(self, revoked):
        say("revoked", partitions=[each.partition for each in revoked])

    def on_partitions_assigned(self, assigned):
        say("assigned", partitions=[each.partition for each in assigned])


def consume():
    is_manual = parameters["commit"] == "manual"
    consumer = KafkaConsumer(
        bootstrap_servers=parameters["bootstrap"],
        group_id=parameters["group"],
        auto_offset_reset="earliest",
        enable_auto_commit=parameters["group"] is not None and not is_manual,
        auto_commit_interval_ms=500,
        session_timeout_ms=parameters["sessionMs"],
        heartbeat_interval_ms=500,
        max_poll_interval_ms=10_000,
    )
    if parameters["group"] is None:
        everything = [TopicPartition(TOPIC, partition) for partition in range(parameters["partitions"])]
        consumer.assign(everything)
        say("assigned", partitions=[each.partition for each in everything])
    else:
        consumer.subscribe([TOPIC], listener=Listener())
    while not stopping():
        polled = consumer.poll(timeout_ms=200)
        say_records((at.partition, each.offset, each.value) for at, records in polled.items() for each in records)
        if is_manual and polled:
            consumer.commit({at: OffsetAndMetadata(records[-1].offset + 1, "") for at, records in polled.items()})
    consumer.close(autocommit=parameters["group"] is not None and not is_manual)
    say("left")


{"produce": produce, "consume": consume}[verb]()
