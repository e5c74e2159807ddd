//! Entropy decoding of a scan, MCU by MCU.

use super::{
    DecodeError, ScaledPlan,
    bits::{Bits, Cursor},
    block::{self, BlockReader},
    idct::Block,
    mcu_row::McuRow,
};

/// The entropy-coded data, and the state of its decoder.
pub(super) struct Scan<'a> {
    bits: Bits<'a>,
    cursor: Cursor,
    components: Vec<ScanComponent<'a>>,
    block: Box<Block>,
    /// The number of MCUs until the next restart marker, and the number of that marker.
    left: u16,
    number: u8,
}

struct ScanComponent<'a> {
    reader: BlockReader<'a>,
    across: usize,
    down: usize,
}

impl<'a> Scan<'a> {
    pub(super) fn new(plan: &'a ScaledPlan<'a>) -> Self {
        let components = plan.headers.components.iter().filter_map(|component| {
            let (_, dc, ac) = plan.headers.tables(component)?;
            Some(ScanComponent {
                reader: BlockReader { dc, ac, last_dc: 0 },
                across: component.across,
                down: component.down,
            })
        });
        Self {
            bits: Bits::new(plan.headers.scan),
            cursor: Cursor::default(),
            components: components.collect(),
            block: Box::new([0.0; 128]),
            left: plan.headers.restart,
            number: 0,
        }
    }

    /// Decodes one MCU row.
    pub(super) fn row(
        &mut self,
        plan: &ScaledPlan<'_>,
        mcu_rows: &mut [McuRow],
    ) -> Result<(), DecodeError> {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
        {
            // SAFETY: the processor has the features that the function requires.
            #[expect(
                unsafe_code,
                reason = "the same code, compiled for features that are detected"
            )]
            return unsafe { self.row_wide(plan, mcu_rows) };
        }
        self.row_anywhere(plan, mcu_rows)
    }

    /// Decodes one MCU row on a processor with wide registers and shifts by any number of bits.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2")]
    fn row_wide(
        &mut self,
        plan: &ScaledPlan<'_>,
        mcu_rows: &mut [McuRow],
    ) -> Result<(), DecodeError> {
        self.row_anywhere(plan, mcu_rows)
    }

    #[inline(always)]
    fn row_anywhere(
        &mut self,
        plan: &ScaledPlan<'_>,
        mcu_rows: &mut [McuRow],
    ) -> Result<(), DecodeError> {
        for mcu in 0..plan.mcus.0 {
            if plan.headers.restart > 0 {
                self.restart(plan.headers.restart)?;
            }
            self.cursor = self.bits.ensure_mcu(self.cursor)?;
            for (component, mcu_row) in self.components.iter_mut().zip(mcu_rows.iter_mut()) {
                for row in 0..component.down {
                    for column in 0..component.across {
                        let last_nonzero = block::read(
                            &mut component.reader,
                            self.bits.window(),
                            &mut self.cursor,
                            &mcu_row.dequant,
                            &mut self.block,
                        );
                        let last_nonzero = last_nonzero.ok_or_else(|| {
                            DecodeError::broken("its scan has a code that stands for nothing")
                        })?;
                        let column = mcu * component.across + column;
                        mcu_row.put(column, row, &mut self.block, last_nonzero);
                    }
                }
            }
        }
        self.bits.check(self.cursor)
    }

    fn restart(&mut self, interval: u16) -> Result<(), DecodeError> {
        if self.left == 0 {
            self.cursor = self.bits.restart(self.cursor, self.number)?;
            self.number = self.number.wrapping_add(1);
            self.left = interval;
            for component in &mut self.components {
                component.reader.last_dc = 0;
            }
        }
        self.left -= 1;
        Ok(())
    }
}
