"""Cursor-on-Target over TCP: TAK programs report positions here, and may be shown the officers'.

server → connection → sender → the writer's inbox            positions in
source → picture → audience (a viewer each) → connection     positions out
"""
