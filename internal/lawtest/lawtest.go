// Package lawtest gives the tests their randomness. A run of the tests draws the same cases as the run before, so that
// nothing fails by chance; JOBMON_TEST_SEED draws others.
package lawtest

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// Variable holds the seed of a run: a number, or "random" for a new one in each run. Without it the seed is 1.
const Variable = "JOBMON_TEST_SEED"

var seed = begin()

// begin chooses the seed. Package rapid takes it too, unless its own flag or variable gives another one.
func begin() uint64 {
	seed := uint64(1)
	switch text := os.Getenv(Variable); text {
	case "":
	case "random":
		seed = rand.Uint64() | 1
	default:
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil || seed == 0 {
			panic(fmt.Sprintf("%s=%s: give a number from 1 up, or \"random\"", Variable, text))
		}
	}
	if os.Getenv("RAPID_SEED") == "" { // flags are parsed later
		if err := flag.Set("rapid.seed", strconv.FormatUint(seed, 10)); err != nil {
			panic(err)
		}
	}
	return seed
}

// Check is rapid.Check with the seed of this run.
func Check(t rapid.TB, law func(*rapid.T)) {
	t.Helper()
	repeatable(t)
	rapid.Check(t, law)
}

// Random is a source of random numbers that begins with the seed of this run.
func Random(t testing.TB) *rand.Rand {
	t.Helper()
	repeatable(t)
	return rand.New(rand.NewPCG(seed, 0))
}

// repeatable prints how to repeat a test that fails.
func repeatable(t rapid.TB) {
	t.Helper()
	t.Logf("%s=%d", Variable, seed)
}
