"""The WebSub subscriber (https://www.w3.org/TR/websub/): hubs push what feeds publish, and polls become rare.

    discovery       the hub and the topic that a feed names
    subscriptions   which feeds are to be subscribed, renewed and unsubscribed
    hub_requests    one request to a hub
    pushed          pushed documents → the result that is committed

Requests of hubs arrive at handlers/websub.py; `feed_subscription.py` has the state that both read.
"""
