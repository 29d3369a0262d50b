"""The reference camera: how a camera speaks `sightline.camera.v1`, and how it sends its picture.

`core` is the protocol without I/O, `client` the socket around it; `scene`, `encoding` and
`publisher` make and send a picture; `studio` does that for many cameras in one warm process. `board` is a
Linux board with a real camera (`capture`, `loudspeaker`, `gpsd`); docs/camera-library.md describes all.
"""
