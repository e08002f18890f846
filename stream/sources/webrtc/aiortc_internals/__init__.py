"""Every place where take5 reaches into aiortc: what it has no public way for.

aiortc decodes whatever arrives, adapts its bitrate estimate slowly, keeps sender reports to itself, and forgets which
packets never came. For the receivers of one connection, and no other, these modules take the encoded frames before
they are decoded (``encoded``), keep their raw RTP times and the losses before them (``jitter``), hand on sender reports
(``receiver``), capture times and orientation (``extensions``), state a fixed bitrate from the first packet, and ask for
keyframes. aioice, below aiortc, chooses its own ports and waits long for servers: ``gathering`` does neither. Both are
pinned to their minor versions; ``test_aiortc_internals.py`` and ``test_network.py`` fail when a name goes.
"""
