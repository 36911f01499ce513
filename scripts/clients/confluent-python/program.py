"""confluent-kafka: librdkafka beneath an interface for Python."""

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from protocol import numbered_lines, parameters, say, say_records, stopping, verb

TOPIC = parameters["topic"]


def produce():
    producer = Producer(
        {
            "bootstrap.servers": parameters["bootstrap"],
            "acks": "all",
            "compression.codec": parameters["codec"],
            "linger.ms": 20,
            "queue.buffering.max.messages": 10_000_000,
        }
    )
    failures = []
    count = 0
    for partition, line in numbered_lines():
        producer.produce(TOPIC, value=line, partition=partition, on_delivery=lambda error, _: error and failures.append(error))
        count += 1
        if count % 1000 == 0:
            producer.poll(0)
    producer.flush(60)
    if failures:
        raise RuntimeError(f"{len(failures)} not delivered: {failures[0]}")
    say("done", count=count)


def told(event):
    return lambda _, partitions: say(event, partitions=[each.partition for each in partitions])


def consume():
    is_manual = parameters["commit"] == "manual"
    is_cooperative = parameters["strategy"] == "cooperative"
    consumer = Consumer(
        {
            "bootstrap.servers": parameters["bootstrap"],
            "group.id": parameters["group"] or "nobody",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": parameters["group"] is not None and not is_manual,
            "auto.commit.interval.ms": 500,
            "session.timeout.ms": parameters["sessionMs"],
            "heartbeat.interval.ms": 500,
            "partition.assignment.strategy": "cooperative-sticky" if is_cooperative else "range",
        }
    )
    if parameters["group"] is None:
        everything = range(parameters["partitions"])
        consumer.assign([TopicPartition(TOPIC, partition, OFFSET_BEGINNING) for partition in everything])
        say("assigned", partitions=list(everything))
    else:
        consumer.subscribe([TOPIC], on_assign=told("assigned"), on_revoke=told("revoked"), on_lost=told("lost"))
    while not stopping():
        records = consumer.consume(500, timeout=0.2)
        for each in records:
            if each.error():
                say("error", message=str(each.error()))
        records = [each for each in records if not each.error()]
        say_records((each.partition(), each.offset(), each.value()) for each in records)
        if is_manual and records:
            consumer.commit(
                offsets=[TopicPartition(TOPIC, each.partition(), each.offset() + 1) for each in lasts(records)],
                asynchronous=False,
            )
    consumer.close()
    say("left")


def lasts(records):
    return {each.partition(): each for each in records}.values()


{"produce": produce, "consume": consume}[verb]()
