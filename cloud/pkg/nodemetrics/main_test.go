package nodemetrics

import (
	"fmt"
	"os"
	"testing"
)

// beehive's state is the process's, and ends but once. So each scenario that
// needs it is played by a process of its own: this binary, told by its
// environment which one.
const scenarioVariable = "NODEMETRICS_SCENARIO"

func TestMain(m *testing.M) {
	name := os.Getenv(scenarioVariable)
	if name == "" {
		os.Exit(m.Run())
	}
	if err := scenarios[name](); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("done")
}
