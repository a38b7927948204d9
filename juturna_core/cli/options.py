"""Options that several commands share: logging as Juturna spells it, `--set`, numbers that must make sense."""

from __future__ import annotations

import argparse
import logging
import os
import sys

LEVELS = ("NOTSET", "DEBUG", "INFO", "WARNING", "ERROR")
FORMATS = ("simple", "colored", "full", "compact", "development", "minimal", "json")


def add_logging(parser: argparse.ArgumentParser, level: str = "INFO") -> None:
    """`--log-level`, `--log-format`, `--log-file`."""
    group = parser.add_argument_group("log")
    group.add_argument(
        "-l",
        "--log-level",
        choices=LEVELS,
        default=level,
        type=str.upper,
        help="what is worth a line (%(default)s)",
    )
    group.add_argument(
        "-F",
        "--log-format",
        choices=FORMATS,
        default="compact",
        help="how a line looks (%(default)s)",
    )
    group.add_argument(
        "-L", "--log-file", metavar="FILE", help="write the log here instead of to stderr"
    )


def add_doors(parser: argparse.ArgumentParser) -> None:
    """What a run follows and whom it lets in: `--watch`, `--metrics`, `--control`."""
    group = parser.add_argument_group("while it runs")
    group.add_argument(
        "-w", "--watch", action="store_true", help="apply the file whenever it changes"
    )
    group.add_argument(
        "--watch-plugins", action="store_true", help="build nodes anew whose plugin's code changes"
    )
    group.add_argument(
        "--metrics",
        metavar="HOST:PORT",
        type=address,
        help="serve /metrics for Prometheus, /healthz and /readyz",
    )
    group.add_argument(
        "--control",
        metavar="HOST:PORT",
        type=address,
        help="let juturna top, warp, stop … in over TCP too, not only from this machine's user",
    )
    group.add_argument(
        "--control-token-file",
        metavar="FILE",
        help="what they must know; needed where HOST is not this machine",
    )
    group.add_argument(
        "--announce-fd",
        metavar="FD",
        type=int,
        help="once clients are let in, write a JSON line with address and token to this open file descriptor",
    )


def start_logging(arguments: argparse.Namespace) -> logging.Handler:
    """Send the log where the options say; OSError becomes a usage error."""
    from juturna_core.errors import JuturnaError
    from juturna_core.log import add_handler, jt_logger

    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if arguments.log_file:
        try:
            handler = logging.FileHandler(arguments.log_file, encoding="utf-8")
        except OSError as error:
            raise JuturnaError(f"--log-file {arguments.log_file}: {error.strerror}") from error
    plain = arguments.log_format == "colored" and os.environ.get("NO_COLOR")
    add_handler(handler, "full" if plain else arguments.log_format)
    jt_logger().setLevel(arguments.log_level)
    return handler


def seconds(text: str) -> float:
    """A duration above 0, for argparse."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"a number of seconds above 0, not {text!r}")
    return value


def port(text: str) -> int:
    """A TCP port, for argparse; 0 lets the system choose."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"a port from 0 to 65535, not {text!r}")
    return int(text)


def address(text: str) -> tuple[str, int]:
    """HOST:PORT, for argparse: an IPv6 address in brackets, no host for all interfaces, port 0 for any."""
    host, colon, number = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or (":" in host and not bracketed):
        raise argparse.ArgumentTypeError(f"HOST:PORT, like 127.0.0.1:9100, not {text!r}")
    return (host[1:-1] if bracketed else host), port(number)


def peer(text: str) -> tuple[str, int]:
    """HOST:PORT of something that listens elsewhere, for argparse."""
    host, number = address(text)
    if not host or number == 0:
        raise argparse.ArgumentTypeError(f"HOST:PORT, like 127.0.0.1:45000, not {text!r}")
    return host, number


def count(text: str) -> int:
    """A number of things of at least 1, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number of at least 1, not {text!r}")
    return int(text)


def examples(*lines: str) -> str:
    """An epilog of examples."""
    return "examples:\n" + "".join(f"  {line}\n" for line in lines)
