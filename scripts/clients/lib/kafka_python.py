"""What kafka-python and aiokafka, which has its interface, are told alike."""

from protocol import parameters, say, say_records

TOPIC = parameters["topic"]
GROUP = parameters.get("group")
IS_MANUAL = parameters.get("commit") == "manual"
IS_AUTO = GROUP is not None and not IS_MANUAL


def producer_settings():
    codec = parameters["codec"]
    return {
        "bootstrap_servers": parameters["bootstrap"],
        "acks": "all",
        "compression_type": None if codec == "none" else codec,
        "linger_ms": 20,
    }


def consumer_settings():
    return {
        "bootstrap_servers": parameters["bootstrap"],
        "group_id": GROUP,
        "auto_offset_reset": "earliest",
        "enable_auto_commit": IS_AUTO,
        "auto_commit_interval_ms": 500,
        "session_timeout_ms": parameters["sessionMs"],
        "heartbeat_interval_ms": 500,
    }


def begin(consumer, topic_partition, listener):
    """Subscribes in a group; without one the consumer is assigned all partitions."""
    if GROUP is None:
        everything = range(parameters["partitions"])
        consumer.assign([topic_partition(TOPIC, partition) for partition in everything])
        say("assigned", partitions=list(everything))
    else:
        consumer.subscribe([TOPIC], listener=listener)


def say_polled(polled):
    say_records((at.partition, each.offset, each.value) for at, records in polled.items() for each in records)


def say_partitions(event, partitions):
    say(event, partitions=[each.partition for each in partitions])
