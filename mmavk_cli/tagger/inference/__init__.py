"""Tagging with a trained model, in torch or ONNX Runtime."""
