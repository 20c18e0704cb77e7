"""Everything that reacts: to Slack payloads and to jobs that are due."""
