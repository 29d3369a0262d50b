"""Live video, from the click to the last picture: a whole installation, real encoded video, a real browser."""
