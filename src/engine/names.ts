/** Names for containers that were given none: an adjective and a thing of the shore. */

const ADJECTIVES =
  'amber brave breezy bright calm clear coral crisp eager foggy gentle golden grey happy keen lively lucid mellow misty nimble pearly placid quick quiet rosy rugged salty sandy serene silver sunny swift tidal vivid windy witty'.split(
    ' ',
  );
const THINGS =
  'anchor atoll auk bay beacon buoy cape cliff clam cove crab current dune eider ferry fjord gannet gull harbour haven heron islet jetty kelp lagoon lighthouse mussel oyster pebble pier puffin reef sail sandbar seal shell shoal skerry skiff sound strait tern tide wave'.split(
    ' ',
  );

/** A name that `taken` does not know; `random` gives whole numbers below its argument. */
export function inventName(random: (below: number) => number, taken: (name: string) => boolean): string {
  for (let tries = 0; ; tries++) {
    const name = `${ADJECTIVES[random(ADJECTIVES.length)]}_${THINGS[random(THINGS.length)]}${tries === 0 ? '' : random(10 ** tries)}`;
    if (!taken(name)) return name;
  }
}
