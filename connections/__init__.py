"""Connections: accepted or refused, and the WebSocket or event stream of each client."""
