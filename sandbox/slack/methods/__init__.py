"""The Web API's methods, one topic a file; importing this package registers them all."""

from sandbox.slack.methods import app, chat, conversations, files, reactions, users, views
from sandbox.slack.methods.registry import METHODS, Call, Method

__all__ = ["METHODS", "Call", "Method", "app", "chat", "conversations", "files", "reactions", "users", "views"]
