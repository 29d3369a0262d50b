"""What can go wrong with the simulated force.

FleetError (an IngestError)
├── DemoIncompleteError      the data directory holds no demo's fleet, or half of one
├── GatewayUnreachableError  nobody answers where cameras should connect, or refuses them
└── CameraTakenError         another program has taken over a camera that this one plays
"""

from __future__ import annotations

from sightline.ingest.errors import IngestError


class FleetError(IngestError):
    """Base of this package's errors; the text is a sentence for a person."""


class DemoIncompleteError(FleetError):
    """The data directory holds no demo's fleet, or half of one."""


class GatewayUnreachableError(FleetError):
    """Nobody answers where cameras should connect, or refuses them."""


class CameraTakenError(FleetError):
    """Another program has taken over a camera that this one plays."""
