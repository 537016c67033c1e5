"""The models of the embedded suite: seven architectures, seven kinds of pre-training, and a control."""
