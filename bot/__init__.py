"""The bot: what it knows, what it decides, and the doors through which it talks to SDP, Redis and Slack."""
