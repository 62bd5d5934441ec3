"""What runs on the device: numpy, OpenCV and one engine, never torch."""
