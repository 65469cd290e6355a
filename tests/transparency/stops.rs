//! Stopping and going on, under a shell with job control.

use crate::harness::{ALL, Place, Way, kill};
use crate::terminal::Terminal;

/// An interactive bash that says what became of each job.
fn shell(place: &Place, way: Way) -> Terminal {
    let mut terminal = Terminal::run(&place.command(way, &["bash", "--norc", "--noprofile", "--noediting", "-i"]));
    terminal.keys("PS1='$ '; stty -echo; printf 'shell %s\\n' ready\n");
    terminal.expect("shell ready\r\n");
    terminal
}

// Contract: stop-and-continue
#[test]
fn a_key_stops_the_tool_and_fg_resumes_it() {
    let place = Place::new();
    for way in ALL {
        let mut terminal = shell(&place, way);
        // At once, before anybody stands by who could tell to whom a signal was sent.
        terminal.keys("pip install count=18 out='up\\n' await=go counts exit=3; echo status $?\n");
        terminal.expect("up\r\n");
        terminal.keys("\x1a");
        terminal.expect("Stopped");
        terminal.expect("status 148\r\n");
        crate::harness::touch(&place.path("work/go"));
        terminal.keys("fg; echo status $?\n");
        // Continued once, and the shell has its status.
        terminal.expect("signal 18: 1\r\nstatus 3\r\n");
        std::fs::remove_file(place.path("work/go")).unwrap();
    }
}

// Contract: stop-and-continue
#[test]
fn a_tool_that_goes_on_in_the_background_ends_there() {
    let place = Place::new();
    for way in ALL {
        let mut terminal = shell(&place, way);
        terminal.keys("pip install out='up\\n' await=go exit=4; echo status $?\n");
        terminal.expect("up\r\n");
        terminal.keys("\x1a");
        terminal.expect("status 148\r\n");
        terminal.keys("bg; wait %1; echo status $?\n");
        terminal.expect(" &\r\n");
        crate::harness::touch(&place.path("work/go"));
        terminal.expect("status 4\r\n");
        std::fs::remove_file(place.path("work/go")).unwrap();
    }
}

// Contract: stop-and-continue
#[test]
fn a_tool_that_ignores_the_key_is_not_stopped_and_neither_is_the_shim() {
    let place = Place::new();
    for way in ALL {
        let mut terminal = shell(&place, way);
        terminal.keys("pip install ignore=20 out='up\\n' prompt='more? ' exit=5; echo status $?\n");
        terminal.expect("more? ");
        terminal.keys("\x1a");
        terminal.keys("yes\n");
        terminal.expect("[yes]\r\nstatus 5\r\n");
    }
}

// Contract: stop-and-continue
#[test]
fn a_tool_that_stops_itself_stops_the_job_by_the_same_signal() {
    let place = Place::new();
    for way in ALL {
        for (signal, status) in [(19, 147), (20, 148), (21, 149)] {
            let mut terminal = shell(&place, way);
            terminal.keys(&format!("pip install stop={signal} out='resumed\\n' exit=6; echo status $?\n"));
            terminal.expect(&format!("status {status}\r\n"));
            terminal.keys("fg; echo status $?\n");
            terminal.expect("resumed\r\nstatus 6\r\n");
        }
    }
}

// Contract: stop-and-continue
#[test]
fn a_tool_that_reads_in_the_background_is_stopped_until_it_may() {
    let place = Place::new();
    for way in ALL {
        let mut terminal = shell(&place, way);
        terminal.keys("pip install prompt='name? ' &\n");
        terminal.expect("name? ");
        // The shell tells of the change with its next prompt.
        crate::harness::eventually("the job is stopped", || {
            terminal.keys("jobs; printf 'asked %s\\n' so\n");
            terminal.expect("asked so").contains("Stopped").then_some(())
        });
        terminal.keys("fg\n");
        terminal.keys("ann\n");
        terminal.expect("ann]");
    }
}

// Contract: stop-and-continue
#[test]
fn a_shim_that_is_told_to_stop_stops_the_tool() {
    let place = Place::new();
    for way in ALL {
        let path = place.text("pid");
        let _ = std::fs::remove_file(&path);
        let mut terminal = shell(&place, way);
        terminal.keys(&format!("pip install pid={path} out='up\\n' await=go exit=7; echo status $?\n"));
        terminal.expect("up\r\n");
        let tool: i32 = place.await_file("pid").parse().unwrap();
        let shim = if way.is_supervised() { parent(tool) } else { tool };
        kill(shim, 20);
        terminal.expect("status 148\r\n");
        assert_eq!((state(tool), state(shim)), ('T', 'T'), "{way:?}");
        kill(shim, 18);
        crate::harness::eventually("both go on", || (state(tool) == 'S' && state(shim) == 'S').then_some(()));
        terminal.keys("wait %1; echo status $?\n");
        crate::harness::touch(&place.path("work/go"));
        terminal.expect("status 7\r\n");
        std::fs::remove_file(place.path("work/go")).unwrap();
    }
}

fn stat(process: i32) -> Vec<String> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.split(' ').map(str::to_owned).collect()
}

fn state(process: i32) -> char {
    stat(process)[0].chars().next().unwrap()
}

fn parent(process: i32) -> i32 {
    stat(process)[1].parse().unwrap()
}
