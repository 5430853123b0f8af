"""HLS (RFC 8216bis): playlists as pure functions of the part list."""
