"""Scripts for pages that shall reach the server by a relay alone, and tell by which pair they do."""

RELAY_ONLY = """
window.peers = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(options) { super({ ...options, iceTransportPolicy: 'relay' }); window.peers.push(this); }
};
"""
PAIR = """async () => {
  const reports = [...(await window.peers[0].getStats()).values()];
  const transport = reports.find(({ type }) => type === 'transport');
  const pair = reports.find(({ id }) => id === transport.selectedCandidatePairId);
  const candidate = (wanted) => reports.find(({ id }) => id === wanted);
  const [local, remote] = [candidate(pair.localCandidateId), candidate(pair.remoteCandidateId)];
  return { local, remote, sent: pair.bytesSent };
}"""
