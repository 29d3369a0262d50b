"""The frame of every page: header, navigation, health, the dock of open streams, the dialog that opens one."""
