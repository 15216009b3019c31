"""The pure core: streams, sessions, presence, rooms, encodings.

Nothing here reads a clock, draws a random number, opens a socket or logs. Time comes in as
``now`` (float seconds), ids come in as text, effects go out as return values.
"""
