"""CMAF (ISO/IEC 23000-19): boxes, init segments, fragments."""
