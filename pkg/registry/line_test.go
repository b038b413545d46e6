package registry

import (
	"fmt"
	"testing"
)

func TestReadLine(t *testing.T) {
	for line, want := range map[string]string{
		`} 1.5` + "\n":        `1.5 []`,
		`{node="n"} 1` + "\n": `1 [node n]`,
		`{node="n",device="sda",fs=""} -3e5` + "\n":       `-3e5 [node n device sda fs ]`,
		`,device="sda"} NaN` + "\n":                       `NaN [device sda]`,
		`,a="\\",b="\"",c="\n",d="x\\y\"z\nü",e="} 1"} 2`: "2 [a \\ b \" c \n d x\\y\"z\nü e } 1]",
		"":                      ` []`,
		`,`:                     `, []`,
		`,a`:                    `,a []`,
		`,a=" 1`:                ` [a  1]`,
		`,a="x\`:                ` [a x\]`,
		`{node="n",a} 1` + "\n": `,a} 1 [node n]`,
		`{node="n" 1` + "\n":    `1 [node n]`,
	} {
		labels := []string{}
		value := ReadLine([]byte(line), func(name, value string) { labels = append(labels, name, value) })
		if got := fmt.Sprintf("%s %v", value, labels); got != want {
			t.Errorf("%q\n got %q\nwant %q", line, got, want)
		}
	}
}
