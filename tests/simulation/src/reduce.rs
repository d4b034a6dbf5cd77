//! Reduction of a failing plan to few faults (delta debugging).

use crate::plan::Plan;

/// Returns the indices of faults with which the plan still fails. Without any one of them it does not.
pub fn reduce(plan: &Plan, fails: impl Fn(Plan) -> bool) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..plan.faults.len()).collect();
    let mut size = kept.len().div_ceil(2).max(1);
    loop {
        let mut start = 0;
        let mut has_changed = false;
        while start < kept.len() {
            let end = (start + size).min(kept.len());
            let rest = [&kept[..start], &kept[end..]].concat();
            if fails(plan.with_faults(&rest)) {
                kept = rest;
                has_changed = true;
            } else {
                start = end;
            }
        }
        match (size, has_changed) {
            (1, false) => return kept,
            (1, true) => {}
            _ => size = size.div_ceil(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::reduce;
    use crate::plan::Plan;

    #[test]
    fn only_the_faults_that_matter_are_kept() {
        let seeds = 0..1000;
        let mut plans = seeds.map(Plan::new);
        let plan = plans.find(|plan| plan.faults.len() > 10).unwrap();
        let matter = [3, 8].map(|index| plan.faults[index].clone());
        let kept = reduce(&plan, |plan| {
            matter.iter().all(|fault| plan.faults.contains(fault))
        });
        assert_eq!(kept, [3, 8]);
    }
}
