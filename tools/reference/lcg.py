"""Numbers that tests and the scripts beside this one draw alike."""


class Lcg:
    """As in tests/text/language_test.cpp."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % n
