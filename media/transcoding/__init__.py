"""VP8, VP9 and AV1 into H.264 while somebody speaks. Runs in the sandbox: what is decoded here is a stranger's."""
