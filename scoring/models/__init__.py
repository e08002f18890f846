"""Audio encoders and the face tracker. They load a path given to them; they alone know torch, mediapipe and onnxruntime."""
