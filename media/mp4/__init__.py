"""MP4 as a file (ISO/IEC 14496-12): sample tables over stored segments, and the movie in front of them."""
