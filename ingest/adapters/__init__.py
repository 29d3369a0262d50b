"""Other ways in than our own protocol: each maps to the fixes of `sightline.camera.v1`."""
