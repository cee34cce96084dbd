"""Connections: accepted or refused, and the WebSocket and event stream of each client."""
