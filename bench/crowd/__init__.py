"""A crowd in the game, through faults: do the figures say what happened?"""
