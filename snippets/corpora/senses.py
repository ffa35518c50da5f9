"""Sentences in which one word has one of two senses, written for this repository.

In each sentence the word occurs once, in this form, and what it means there is clear to
a reader. Three words are for choosing (a layer, say), three for reporting what it does.
"""

from __future__ import annotations

# word -> sense -> sentences
TO_CHOOSE: dict[str, dict[str, list[str]]] = {
    "bank": {
        "money": [
            "She keeps her savings in the bank.",
            "The bank refused the loan.",
            "He works as a clerk at a bank.",
            "The bank charges a fee for each transfer.",
            "Thieves robbed the bank on Monday.",
            "I opened an account with this bank.",
        ],
        "river": [
            "We sat on the bank of the river.",
            "The boat hit the muddy bank.",
            "Willows grow along the bank.",
            "The otter climbed up the bank.",
            "Fishermen stood on the far bank.",
            "The flood washed away part of the bank.",
        ],
    },
    "match": {
        "game": [
            "The match ended in a draw.",
            "Our team won the match.",
            "Rain stopped the match after an hour.",
            "She lost the final match of the tournament.",
            "The referee blew his whistle to start the match.",
            "Thousands came to watch the match.",
        ],
        "fire": [
            "He struck a match and lit the candle.",
            "The match went out in the wind.",
            "A single match can burn a forest.",
            "She held the match to the paper.",
            "The last match in the box was wet.",
            "Blow out the match before it burns your fingers.",
        ],
    },
    "spring": {
        "season": [
            "The garden wakes in spring.",
            "We will move house next spring.",
            "After the winter comes the spring.",
            "The swallows return every spring.",
            "It was a cold spring with late snow.",
            "Lambs are born in spring.",
        ],
        "coil": [
            "The spring in the mattress is broken.",
            "A steel spring pushes the lid open.",
            "The clock is driven by a spring.",
            "Press the spring down and let it go.",
            "The spring stretches under the weight.",
            "A rusty spring jumped out of the sofa.",
        ],
    },
}
TO_REPORT: dict[str, dict[str, list[str]]] = {
    "glass": {
        "vessel": [
            "She poured the juice into a tall glass.",
            "He raised his glass to the bride and groom.",
            "The waiter filled her glass again.",
            "I drank a glass of cold milk before bed.",
            "There was lipstick on the rim of the glass.",
            "The ice clinked in his glass.",
            "Wash the glass and put it back in the cupboard.",
            "The child spilled a glass of water on the table.",
            "He left an empty glass beside the bottle.",
            "Each guest had a glass and a small plate.",
            "The cat knocked my glass off the table.",
            "She sipped from the glass and smiled.",
            "One more glass and he will sing.",
            "The robot lifted the glass from the tray.",
            "My glass is half full.",
            "The barman dried a glass with a towel.",
        ],
        "material": [
            "The roof of the station is steel and glass.",
            "Sand melts and becomes glass in the furnace.",
            "The door is made of thick glass.",
            "Light passes through the glass of the window.",
            "The museum keeps the crown behind bulletproof glass.",
            "A bird flew against the glass and fell.",
            "They replaced the broken glass in the window frame.",
            "The beads are glass, not stone.",
            "The city recycles paper, plastic and glass.",
            "He pressed his nose against the glass of the shop window.",
            "Like wood, glass conducts heat badly.",
            "The tower is a box of concrete and glass.",
            "The artist paints on glass and wood.",
            "The lens is ground from a block of glass.",
            "Fibres of glass carry the signal under the sea.",
            "Rain ran down the glass of the car.",
        ],
    },
    "light": {
        "lamp": [
            "Turn off the light before you sleep.",
            "The light of the moon fell on the lake.",
            "A red light blinked on the wall.",
            "The light in the hall went out.",
            "Plants need light to grow.",
            "She read by the light of a candle.",
        ],
        "weight": [
            "The empty box was light.",
            "This tent is light enough to carry.",
            "Feathers are light.",
            "She packed a light bag for the trip.",
            "The new bicycle is light and fast.",
            "Cork is so light that it floats.",
        ],
    },
    "letter": {
        "mail": [
            "The postman brought a letter.",
            "She wrote a letter to her aunt.",
            "He sealed the letter and bought a stamp.",
            "The letter arrived three days late.",
            "I found an old letter in the drawer.",
            "Please answer my letter soon.",
        ],
        "alphabet": [
            "The word begins with the letter B.",
            "The first letter of a name is a capital.",
            "She can write every letter of the alphabet.",
            "One letter on the keyboard is stuck.",
            "The letter E is common in English.",
            "Each letter of the sign was painted red.",
        ],
    },
}
