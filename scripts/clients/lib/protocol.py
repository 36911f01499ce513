"""What a client's program in Python says on stdout, and how it is told to end; the same as protocol.mjs beside it."""

import json
import signal
import sys

verb = sys.argv[1]
parameters = json.loads(sys.argv[2])
is_stopping = False


def say(event, **details):
    sys.stdout.buffer.write(json.dumps({"event": event, **details}).encode() + b"\n")
    sys.stdout.buffer.flush()


def say_records(records):
    """Of (partition, offset, value). All of them are out of this process when it returns."""
    for partition, offset, value in records:
        sys.stdout.buffer.write(b"%d %d %s\n" % (partition, offset, value))
    sys.stdout.buffer.flush()


def stopping():
    """Whether the driver wants the program to leave in good order."""
    return is_stopping


def stop(*_):
    global is_stopping
    is_stopping = True


def numbered_lines():
    """(partition, line) for each line of the file to produce, without its newline."""
    with open(parameters["file"], "rb") as file:
        for number, line in enumerate(file):
            yield number % parameters["partitions"], line.rstrip(b"\n")


signal.signal(signal.SIGTERM, stop)
