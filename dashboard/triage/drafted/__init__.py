"""Forms whose text the browser keeps until it is sent or cleared."""
