"""What can stop the supervisor, in sentences for the person at the terminal.

SupervisorError
├── DataDirectoryError   the data directory cannot be used
├── HostError            the address to listen on is none of this machine
├── PortTakenError       another program listens where a part must
└── PartFailedError      a part does not start
"""

from __future__ import annotations


class SupervisorError(Exception):
    """Base of all errors of this package; the text is a sentence for a person."""


class DataDirectoryError(SupervisorError):
    """The data directory cannot be used: not writable, in use, or another kind of data."""


class HostError(SupervisorError):
    """The address that the parts should listen on is unknown, or belongs to another machine."""


class PortTakenError(SupervisorError):
    """Another program listens on a port that a part needs."""


class PartFailedError(SupervisorError):
    """A part did not become ready."""
