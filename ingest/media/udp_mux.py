"""All peers on one UDP port.

A datagram belongs to the peer whose address it comes from. An address becomes a peer's only by a
STUN request that names the peer's ICE user and is signed with its password (RFC 8445, section 7.3),
so nobody without the SDP can put anything before a peer. Whatever else arrives is counted and
dropped.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct
from dataclasses import dataclass

from aioice import Candidate, ice, stun
from aioice.candidate import candidate_foundation, candidate_priority

from sightline.ingest.media import hooks

SOCKET_BUFFER_BYTES = 4 << 20
LARGEST_DATAGRAM = 2048  # above any path's MTU; what is longer is cut, and then fails its checks
DATAGRAMS_PER_TURN = 64  # then other tasks of the loop have their turn
ADDRESSES_PER_PEER = 16
BACKLOG_PER_PEER = 1024  # datagrams; about four seconds of 720p

# First octet: 0–3 STUN, 20–63 DTLS, 128–191 RTP and RTCP (RFC 7983).
LAST_STUN_OCTET = 3
# What aioice's parser raises on malformed messages, besides the ValueError that it documents.
MALFORMED = (ValueError, LookupError, struct.error, AssertionError)

Address = tuple[str, int]


@dataclass
class MuxCounters:
    """Datagrams since the start, and why those that went no further did not."""

    received: int = 0
    sent: int = 0
    unknown: int = 0  # not from, and not properly introduced as, any peer
    malformed: int = 0
    flooded: int = 0  # the peer's owner does not keep up
    unsent: int = 0  # the system would not take it


class _PeerTransport:
    """What one ICE agent sends through; closing it forgets the agent and its addresses."""

    def __init__(self, mux: UdpMux, ufrag: str) -> None:
        self._mux = mux
        self._ufrag = ufrag
        self.protocol: ice.StunProtocol | None = None
        self.addresses: set[Address] = set()

    def sendto(self, data: bytes, addr: Address) -> None:
        self._mux.send(data, addr)

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self._mux.local_address if name == "sockname" else default

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        self._mux.forget(self._ufrag, self.addresses)
        if self.protocol is not None:
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)


class UdpMux:
    """One UDP socket for every peer connection of this process.

    `host` is the address to bind to, `port` may be 0. `advertised` are the addresses that go into
    SDP answers; by default the one bound to, or all of the machine's when that is a wildcard.
    """

    def __init__(self, host: str, port: int, advertised: str | None = None) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                self._socket.setsockopt(socket.SOL_SOCKET, option, SOCKET_BUFFER_BYTES)
            self._socket.setblocking(False)
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise
        self.local_address: Address = self._socket.getsockname()[:2]
        self.advertised = [advertised] if advertised else _reachable_addresses(host)
        self.counters = MuxCounters()
        self._by_ufrag: dict[str, _PeerTransport] = {}
        self._by_address: dict[Address, _PeerTransport] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket.fileno(), self._readable)

    @property
    def peers(self) -> int:
        """How many ICE agents use the port now."""
        return len(self._by_ufrag)

    def close(self) -> None:
        """Close the socket. Peers must have been closed before."""
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()

    def gather(self, agent: ice.Connection, component: int) -> list[Candidate]:
        """Local candidates of an ICE agent: this port, once for each advertised address."""
        candidates = [
            Candidate(
                foundation=candidate_foundation("host", "udp", address),
                component=component,
                transport="udp",
                priority=candidate_priority(component, "host") - preference,
                host=address,
                port=self.local_address[1],
                type="host",
            )
            for preference, address in enumerate(self.advertised)
        ]
        transport = _PeerTransport(self, agent.local_username)
        transport.protocol = hooks.open_protocol(agent, transport, candidates[0])
        self._by_ufrag[agent.local_username] = transport
        return candidates

    def forget(self, ufrag: str, addresses: set[Address]) -> None:
        """Nothing that comes from these addresses reaches the agent any more."""
        self._by_ufrag.pop(ufrag, None)
        for address in addresses:
            self._by_address.pop(address, None)

    def send(self, data: bytes, address: Address) -> None:
        """Send at once or not at all: for media, late is as good as lost."""
        try:
            self._socket.sendto(data, address)
        except OSError:
            # Buffer full, no route, not permitted: for the peer all of them are packet loss.
            self.counters.unsent += 1
        else:
            self.counters.sent += 1

    def _readable(self) -> None:
        for _ in range(DATAGRAMS_PER_TURN):
            try:
                data, address = self._socket.recvfrom(LARGEST_DATAGRAM)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error of an earlier datagram; that peer's consent will run out
            self.counters.received += 1
            if data:
                self._deliver(data, address[:2])

    def _deliver(self, data: bytes, address: Address) -> None:
        if data[0] <= LAST_STUN_OCTET:
            self._deliver_stun(data, address)
            return
        transport = self._by_address.get(address)
        if transport is None or transport.protocol is None:
            self.counters.unknown += 1
            return
        agent = transport.protocol.receiver
        if hooks.backlog(agent) >= BACKLOG_PER_PEER:
            self.counters.flooded += 1
            return
        agent.data_received(data, 1)

    def _deliver_stun(self, data: bytes, address: Address) -> None:
        try:
            message = stun.parse_message(data)
            if message.message_class == stun.Class.REQUEST:
                transport = self._introduced(message, address)
            else:
                transport = self._by_address.get(address)
            if transport is None or transport.protocol is None:
                self.counters.unknown += 1
                return
            transport.protocol.datagram_received(data, address)
        except MALFORMED:
            self.counters.malformed += 1

    def _introduced(self, request: stun.Message, address: Address) -> _PeerTransport | None:
        """Whose request this is, if its signature proves it."""
        ufrag = request.attributes["USERNAME"].partition(":")[0]
        transport = self._by_ufrag.get(ufrag)
        if transport is None or transport.protocol is None:
            return None
        agent = transport.protocol.receiver
        if not request.check_message_integrity(agent.local_password.encode()):
            return None
        if self._by_address.get(address) is not transport:
            if len(transport.addresses) >= ADDRESSES_PER_PEER:
                return None
            # A port that a peer closed may be used by its next connection.
            if (before := self._by_address.get(address)) is not None:
                before.addresses.discard(address)
            self._by_address[address] = transport
            transport.addresses.add(address)
        return transport


def _reachable_addresses(host: str) -> list[str]:
    address = ipaddress.ip_address(host)
    if not address.is_unspecified:
        return [host]
    six = address.version == 6
    loopback = "::1" if six else "127.0.0.1"
    return [*ice.get_host_addresses(use_ipv4=not six, use_ipv6=six), loopback]
