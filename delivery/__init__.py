"""Delivers the events of blogs to other servers: subscribers of our WebSub hub, and webhooks."""
