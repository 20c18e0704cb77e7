"""A stand-in for both sides, Slack and SDP: real HTTP servers for the demo and the tests."""
