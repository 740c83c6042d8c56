"""Pieces, batch, encoder, fusion, CRF, the model, training, checkpoint, and the NumPy and ONNX runtime."""
