"""Programs that show take5 at work without a camera, a microphone or a download; not part of the wheel."""
