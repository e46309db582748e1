package lawtest_test

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

// TestDraws prints what a law draws, for the test below.
func TestDraws(t *testing.T) {
	random := lawtest.Random(t).Uint64()
	var drawn []uint64
	lawtest.Check(t, func(t *rapid.T) { drawn = append(drawn, rapid.Uint64().Draw(t, "drawn")) })
	t.Logf("drawn %d %v", random, drawn[len(drawn)/2:])
}

func TestASeedChoosesTheCases(t *testing.T) {
	t.Parallel()
	draw := func(args []string, env ...string) string {
		cmd := exec.Command(os.Args[0], append([]string{"-test.run=^TestDraws$", "-test.v"}, args...)...)
		cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
			return regexp.MustCompile("^(RAPID_|" + lawtest.Variable + ")").MatchString(v)
		})
		cmd.Env = append(cmd.Env, env...)
		out, err := cmd.CombinedOutput()
		found := regexp.MustCompile(`drawn .*`).Find(out)
		if err != nil || found == nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(found)
	}
	usual := draw(nil)
	if again := draw(nil); again != usual {
		t.Errorf("%s, then %s", usual, again)
	}
	other := draw(nil, lawtest.Variable+"=7")
	if again := draw(nil, lawtest.Variable+"=7"); again != other || other == usual {
		t.Errorf("seed 7: %s, then %s; without it %s", other, again, usual)
	}
	for _, given := range [][]string{{lawtest.Variable + "=random"}, {"RAPID_SEED=8"}} {
		if got := draw(nil, given...); got == usual {
			t.Errorf("%s: %s, as without it", given, got)
		}
	}
	if got := draw([]string{"-rapid.seed=8"}); got == usual || got != draw(nil, "RAPID_SEED=8") {
		t.Errorf("the flag of rapid gives %s", got)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestDraws$")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=often", lawtest.Variable))
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("a seed that is no number: %s", out)
	}
}
