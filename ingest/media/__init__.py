"""The media relay: takes video from cameras and forwards it, packet by packet, to who may watch.

`process` wires it together; `internal_api` is its only way in for the other parts; `relay` holds
what is being sent and watched; `forwarding` rewrites packets; `udp_mux` carries all peers on one
port; `gate_watch` ends what the database says must end; `hooks` is the one place that touches
private parts of the WebRTC libraries.
"""
