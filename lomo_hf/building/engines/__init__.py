"""Who builds the shards: a pool on this machine, datatrove on a cluster, or workers elsewhere that share a folder."""
