//! Tokens that a program puts together from constants.

use keyway_scan::finding::Kind;

use super::kinds;
use crate::values;

#[test]
fn k5c_a_token_that_a_program_puts_together_is_found() {
    let uuid = values::uuid(9);
    for text in [
        format!("# hubspot\nREGION = \"pat-na1-\"\nOTHER = 1\n\nPART = \"{uuid}\"\nTOKEN = REGION + PART\n"),
        format!("# hubspot\nA = 'pat'\nB = 'eu1'\nC = '{uuid}'\nT = A + '-' + B + '-' + C\n"),
        format!("<?php // hubspot\n$region = 'pat-na1-';\n$x = 1;\n$rest = '{uuid}';\n$token = $region . $rest;\n"),
        format!("# hubspot\nA=\"pat-na1\"\nX=1\nB=\"{uuid}\"\nT=f\"{{A}}-{{B}}\"\n"),
        format!("# hubspot\nT4 = f\"pat-na1-{{'{uuid}'}}\"\n"),
        format!("// hubspot\nconst r = 'na1', u = '{uuid}'; const tok = `pat-${{r}}-${{u}}`;\n"),
        format!("# hubspot\nregion = 'na1'\nrest = '{uuid}'\ntoken = \"pat-#{{region}}-#{{rest}}\"\n"),
        format!("# hubspot\nT3 = \"pat-%s-%s\" % (\"na1\", \"{uuid}\")\n"),
        format!("T4 = f\"pat-na1-{{'{uuid}'}}\"\n"),
        format!("# hubspot\nu = '{uuid}'\nT = 'pat-{{}}-{{}}'.format('na1', u)\n"),
        format!("// hubspot\nrest := \"{uuid}\"\nt := fmt.Sprintf(\"pat-%s-%s\", \"eu1\", rest)\n"),
        format!("// hubspot\nconst P = 'pat', U = '{uuid}';\nconst t = [P, 'na1', U].join('-');\n"),
    ] {
        assert_eq!(kinds("a.txt", &text), [Kind::PrivateAppToken], "{text}");
    }
}

#[test]
fn k5c_parts_that_make_no_token_are_none() {
    let uuid = values::uuid(9);
    for text in [
        format!("# hubspot\nREGION = \"path-na1-\"\nPART = \"{uuid}\"\nTOKEN = REGION + PART\n"),
        format!("# hubspot\nREGION = \"pat-na1-\"\nOTHER = 1\nPART = \"{uuid}\"\nlog(PART)\n"),
        format!("// hubspot\nconst r = region(), u = '{uuid}'; const tok = `pat-${{r}}-${{u}}`;\n"),
        format!("# hubspot\nA = 'pat-na1'\nA = 'pat-eu1'\nX = 1\nB = '{uuid}'\nT = f'{{A}}-{{B}}'\n"),
        format!("# hubspot\nT3 = \"pat-%s-%s\" % (region, \"{uuid}\")\n"),
    ] {
        assert_eq!(kinds("a.txt", &text), [], "{text}");
    }
}
