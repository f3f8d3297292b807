"""Faults at every call of an analysis' life, and what must hold after each.

- `injector`: counts the calls to AWS and to services, and lets one of them fail.
- `edges`: what stands in for services, the renderer and the clock.
- `simulation`: the app on moto, with queues, dead letters, the sweep and clients that repeat requests.
- `stories`: small pieces of an analysis' life.
- `records`: what tables and bucket hold, read whole.
- `invariants`: what must hold when nothing waits any more.
- `replays`: every story with a fault at every call, all or a sample of them.
- `canaries`: secrets that must appear nowhere, in several encodings.
- `interleavings`: pairs of operations, the second at every call of the first.
- `lifecycle`: a state machine of the lifecycle, whose steps interrupt each other at AWS calls.
- `storm`: thousands of analyses while some of all calls fail.
- `flood`: thousands of analyses of a slow service beside a hundred of another, in simulated time.
- `load`: a service that fails and stalls, beside a neighbour, on the local stack.
- `soak`: all of it, for as long as it takes: `make soak`.
"""
