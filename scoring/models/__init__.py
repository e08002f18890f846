"""Audio encoders and the face tracker: they load a path given to them, and alone know torch, mediapipe, onnxruntime."""
