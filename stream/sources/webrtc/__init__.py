"""WebRTC: what a sender's offer becomes, on aiortc."""
