"""Audio encoders and the face tracker: the only modules that use torch, mediapipe or onnxruntime."""
