"""The SDP client: how ServiceDesk Plus Cloud v3 is spoken."""
