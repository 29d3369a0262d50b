"""Invented names of places, streets and people. Any likeness to a real place or person is chance."""

from __future__ import annotations

import numpy as np

COUNTY = "Haldersey"
FORCE = "Haldersey Demo Constabulary"
CITY = "Haldermouth"
TOWNS = (
    "Kettlewick",
    "Marrowness",
    "Great Oskham",
    "Thrussby",
    "Wendlestow",
    "Fennerholm",
)
VILLAGES = (
    "Little Oskham", "Hobthorpe Green", "Saltmere", "Cragthwaite", "Nun Stallby", "Gorsewell",
    "Yarrowgarth", "Skegdale", "Long Merrow", "Tarnholm", "Brackness", "Sandwath", "Ulvergarth",
    "Pellowick", "Dunskerry", "Morkeld", "Stoupholm", "Whinfold", "Ellerskew", "Low Grimsett",
    "Hagworth Staithe", "Cold Ellaby", "Ravensgill", "Oxmoor", "Thistlebeck", "Kirk Dowsby",
)  # fmt: skip
SUBURBS = (
    "Old Town", "Quayside", "Northgate", "Priory Park", "Larkfield", "Saltpans", "Hawksmoor",
    "Beacon Hill", "Millhouses", "Eastfield", "Ropery", "Highfold", "Wharfside", "Maudlin",
)  # fmt: skip
ISLETS = ("Gull Holm", "The Calf", "Monk's Skerry", "Little Halder", "Seal Rock", "Ness Holm")
BAYS = ("Halder Sound", "Merrow Bay", "Oske Haven", "Skell Bay", "Cold Bight", "Ravens Wick")
HILLS = (
    "Halder Fell", "Crow Hagg", "Wether Law", "Brown Rigg", "Sun Howe", "Black Edge", "Grey Mare",
    "Long Scar", "Hob Moor", "Cat Nab",
)  # fmt: skip
WOODS = (
    "Harrow Wood", "Nun's Copse", "Elder Hagg", "Fox Covert", "Great Shaw", "Priory Wood",
    "Ash Gill Wood", "Rookery Plantation", "Deer Park", "Carr Wood", "Hollin Hag", "Spring Wood",
    "Bellman's Wood", "Kiln Plantation", "Sallow Carr", "Wolds Plantation",
)  # fmt: skip

_HAMLET_FIRST = (
    "Ash", "Beck", "Birk", "Bracken", "Crag", "Curl", "Drake", "Elder", "Fox", "Gill", "Grim",
    "Hag", "Hawk", "Hind", "Holl", "Keld", "Kirk", "Lamb", "Ling", "Mire", "Moor", "Nether", "Owl",
    "Raven", "Rush", "Sand", "Skel", "Stain", "Swin", "Thorn", "Ulf", "Wether", "Whin", "Wolf",
)  # fmt: skip
_HAMLET_LAST = (
    "by", "thwaite", "garth", "gill", "holme", "rigg", "stead", "fold", "dale", "wick", "thorpe",
    "ley", "how", "side", "sett", "combe",
)  # fmt: skip

CENTRE_STREETS = (
    "High Street", "Market Street", "Kirkgate", "Fishergate", "Saltergate", "Castle Street",
    "Quay Street", "Bridge Street", "Bondgate", "Skinnergate", "Corn Street", "Finkle Street",
    "Tanner Row", "Coppergate", "St Hilda's Street", "Exchange Street", "Staithe Street",
    "Chandlers Row", "Priory Street", "Custom House Lane", "Butter Market", "Silver Street",
)  # fmt: skip
VILLAGE_STREETS = (
    "Main Street", "Church Lane", "Mill Lane", "Back Lane", "The Green", "Chapel Row",
    "Smithy Lane", "Town End", "Well Lane", "Pinfold Lane", "School Lane", "Manor Road",
)  # fmt: skip
_STEMS = (
    "Abbot", "Alder", "Almond", "Anchor", "Applegarth", "Argyle", "Ash", "Aspen", "Ballast",
    "Barley", "Beacon", "Beech", "Belmont", "Birch", "Blacksmith", "Bracken", "Bramble", "Briar",
    "Brook", "Burnet", "Cairn", "Calder", "Cannon", "Cedar", "Chantry", "Chestnut", "Cliff",
    "Clover", "Cobbler", "Coble", "Collier", "Compass", "Cooper", "Coral", "Cornflower", "Crofter",
    "Curlew", "Cutter", "Daleside", "Damson", "Drover", "Dunlin", "Eider", "Elm", "Fairfield",
    "Falcon", "Fell", "Fennel", "Fern", "Ferry", "Fletcher", "Foundry", "Foxglove", "Fulmar",
    "Gannet", "Garth", "Glebe", "Gorse", "Granary", "Grange", "Guillemot", "Hallgarth", "Harebell",
    "Hawthorn", "Hazel", "Heather", "Herring", "Hollin", "Holly", "Hope", "Hornbeam", "Juniper",
    "Keel", "Kestrel", "Kiln", "Kittiwake", "Laburnum", "Lapwing", "Larch", "Lavender", "Lighthouse",
    "Lilac", "Limekiln", "Linden", "Ling", "Linnet", "Lobster", "Mainsail", "Maple", "Mariner",
    "Meadow", "Medlar", "Merlin", "Moor", "Mulberry", "Nelson", "Northfield", "Oak", "Orchard",
    "Osprey", "Oyster", "Paddock", "Park", "Pasture", "Peel", "Petrel", "Pilot", "Pine", "Plover",
    "Poplar", "Prospect", "Puffin", "Quarry", "Queen's", "Ravine", "Rectory", "Redshank", "Rigg",
    "Rope Walk", "Rowan", "Rushmere", "Sable", "Sailmaker", "Samphire", "Sandpiper", "Schooner",
    "Seaview", "Shearwater", "Shepherd", "Skipper", "Skylark", "Sorrel", "Southfield", "Spinney",
    "Spruce", "St Aidan's", "St Brand's", "St Oswin's", "Station", "Swallow", "Swift", "Sycamore",
    "Tarn", "Teal", "Tern", "Thorn", "Thrift", "Tide", "Tiller", "Turnstone", "Union", "Valley",
    "Vicarage", "Victoria", "Warren", "Waterloo", "Weaver", "Well", "Westfield", "Wheatsheaf",
    "Whimbrel", "Whin", "Wicket", "Willow", "Windmill", "Woodside", "Wren", "Yarrow", "Yew",
)  # fmt: skip
_LONG = ("Road", "Road", "Street", "Avenue", "Drive", "Lane", "Way")
_SHORT = ("Street", "Terrace", "Grove", "Place", "Row", "Gardens", "Walk", "Crescent")
_DEAD_END = ("Close", "Court", "Mews", "Garth", "Yard")

FIRST_NAMES = (
    "Aaron", "Abigail", "Adeel", "Aisha", "Alan", "Alice", "Amara", "Amelia", "Amir", "Andrew",
    "Angus", "Anita", "Anna", "Anwen", "Asha", "Ben", "Bethany", "Bilal", "Callum", "Cara",
    "Catrin", "Charlotte", "Chidi", "Chloe", "Claire", "Connor", "Craig", "Daniel", "Deepa",
    "Dylan", "Efua", "Eilidh", "Elena", "Emily", "Emma", "Esther", "Ewan", "Farah", "Fiona",
    "Gareth", "Gemma", "George", "Gethin", "Grace", "Hamza", "Hannah", "Harpreet", "Harry",
    "Helen", "Imani", "Imran", "Iona", "Isla", "Jack", "James", "Jamila", "Jane", "Jasmine", "Joe",
    "Jolanta", "Josh", "Kamal", "Karen", "Kasia", "Katie", "Kofi", "Kwame", "Laura", "Leah",
    "Leila", "Lewis", "Liam", "Lucy", "Magda", "Manjit", "Marek", "Mark", "Matthew", "Mei",
    "Megan", "Michael", "Mina", "Mohammed", "Nadia", "Naomi", "Neil", "Nia", "Niamh", "Nicola",
    "Oliver", "Olu", "Owen", "Paul", "Peter", "Piotr", "Priya", "Rachel", "Rahul", "Rebecca",
    "Rhys", "Robert", "Rory", "Rosa", "Ruth", "Sam", "Samira", "Sara", "Sean", "Sian", "Simon",
    "Sofia", "Stephen", "Sunita", "Tariq", "Temi", "Thomas", "Tomasz", "Victoria", "Wei", "William",
    "Yasmin", "Yusuf", "Zainab", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Abara", "Adeyemi", "Ahmed", "Akhtar", "Allen", "Anderson", "Appleyard", "Armitage", "Asante",
    "Bailey", "Baker", "Banerjee", "Barnes", "Begum", "Bell", "Bennett", "Boateng", "Brown",
    "Bukowski", "Burgess", "Campbell", "Carr", "Chan", "Chaudhry", "Chen", "Clarke", "Cole",
    "Cooper", "Coulson", "Craven", "Cross", "Dale", "Davies", "Desai", "Dhillon", "Dixon", "Doyle",
    "Edwards", "Ellis", "Evans", "Farrow", "Fenwick", "Ferguson", "Fletcher", "Forster", "Foster",
    "Fraser", "Garvey", "Ghosh", "Gibson", "Gill", "Grant", "Gray", "Green", "Griffiths", "Hall",
    "Harper", "Harrison", "Henderson", "Hill", "Holroyd", "Hughes", "Hussain", "Ibrahim",
    "Iqbal", "Jackson", "James", "Jenkins", "Johnson", "Jones", "Kaur", "Kelly", "Khan", "Kowalska",
    "Lamb", "Lawson", "Lee", "Lewandowski", "Lloyd", "MacDonald", "Malik", "Marsh", "Mason",
    "Mensah", "Metcalfe", "Mills", "Mitchell", "Moore", "Morgan", "Murphy", "Musa", "Nelson",
    "Newton", "Nguyen", "Nowak", "O'Brien", "Obi", "Okafor", "Okonkwo", "Osei", "Palmer", "Parker",
    "Patel", "Pearson", "Phillips", "Price", "Qureshi", "Rahman", "Raine", "Rao", "Reid",
    "Richards", "Roberts", "Robinson", "Rose", "Rowe", "Scott", "Shah", "Sharma", "Shaw", "Simpson",
    "Singh", "Smith", "Stewart", "Sutton", "Sykes", "Tanaka", "Taylor", "Thomas", "Thompson",
    "Turner", "Uddin", "Walker", "Wallace", "Ward", "Watson", "White", "Williams", "Wilson",
    "Winter", "Wojcik", "Wood", "Wright", "Young", "Zaman",
)  # fmt: skip


def hamlets(rng: np.random.Generator, count: int) -> list[str]:
    """Names of hamlets and farms, all different, and no town's or village's."""
    taken = {*TOWNS, *VILLAGES}
    every = [a + b for a in _HAMLET_FIRST for b in _HAMLET_LAST if a[-1] != b[0]]
    every = [name for name in every if name not in taken]
    return [str(name) for name in rng.permutation(every)[:count]]


class StreetNames:
    """Names of one settlement's streets, each given once."""

    def __init__(self, rng: np.random.Generator, opening: tuple[str, ...]) -> None:
        self._rng = rng
        self._opening = list(rng.permutation(opening))
        self._given: set[str] = set()

    def central(self) -> str | None:
        """One of the names for the oldest streets, while there are any."""
        while self._opening:
            name = str(self._opening.pop())
            if name not in self._given:
                self._given.add(name)
                return name
        return None

    def for_street(self, length_m: float, *, dead_end: bool) -> str:
        """A name that suits a street of this length."""
        kinds = _DEAD_END if dead_end and length_m < 260 else _SHORT if length_m < 350 else _LONG
        for _ in range(60):
            name = f"{self._rng.choice(_STEMS)} {self._rng.choice(kinds)}"
            if name not in self._given:
                self._given.add(name)
                return name
        number = len(self._given)
        return f"{self._rng.choice(_STEMS)} {kinds[0]} {number}"
